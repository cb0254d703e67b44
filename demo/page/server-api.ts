import type { ServerState } from '../server/api.ts'
import type { Switches } from '../server/weather.ts'

export type { ServerState, Switches }

/** What the server has of this visitor. */
export async function fetchState(
  apiUrl: string,
  principal: string,
  signal: AbortSignal,
): Promise<ServerState> {
  const response = await fetch(`${apiUrl}/state?principal=${principal}`, { signal })
  if (!response.ok) throw new Error(`Cannot read the server's state: ${response.status}`)
  // The page and the API come from one folder, and share this type.
  return response.json() as Promise<ServerState>
}

/** Turns some of the switches. Resolves to what they all are then. */
export async function turnSwitches(apiUrl: string, switches: Partial<Switches>): Promise<Switches> {
  const response = await fetch(`${apiUrl}/switches`, { method: 'POST', body: JSON.stringify(switches) })
  if (!response.ok) throw new Error(`Cannot turn the switches: ${response.status}`)
  return response.json() as Promise<Switches>
}
