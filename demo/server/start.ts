import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createAcks } from './acks.ts'
import { createApi, principalOf } from './api.ts'
import { createFollowUps, type FollowUps } from './follow-ups.ts'
import { type Listening, listen } from './listen.ts'
import { createPhotos } from './photos.ts'
import { createSite } from './site.ts'
import { createWeather, type Weather } from './weather.ts'

/** What the servers can be told. */
export interface ServerOptions {
  /** The site's port; 0 for any free one. @default 4180, or a free one if that is taken */
  readonly port?: number | undefined
  /** The API's port; 0 for any free one. @default 4181, or a free one if that is taken */
  readonly apiPort?: number | undefined
  /** Where files and the database go, and stay. @default a temporary folder, removed by `close` */
  readonly dataDir?: string | undefined
  /**
   * Starts the edge, which follows up stored photos, once the API listens at `apiUrl`; what it keeps goes to `folder`.
   *
   * @default there is none
   */
  readonly edge?: (apiUrl: string, folder: string) => Promise<RunningEdge>
  /** The name of the page's release: another one is another page, whatever else is the same. @default '1' */
  readonly release?: string | undefined
  /** Of the API's failures by chance. @default 1 */
  readonly seed?: number
  /** Told what goes wrong in the API. @default console.error */
  readonly onError?: (error: unknown) => void
}

/** The edge, as the API knows it. */
export interface RunningEdge {
  readonly hand: FollowUps['hand']
  close(): Promise<void>
}

/** The demo's servers, running. */
export interface Servers {
  readonly siteUrl: string
  readonly apiUrl: string
  /** Photos lie in `photos/<principal>/<idempotency key>`. */
  readonly dataDir: string
  /** The database, with the tables `photos`, `acknowledgements` and the receiver's `holdfast_sources`. */
  readonly databasePath: string
  readonly weather: Weather
  close(): Promise<void>
}

/** Starts the site and, on a second port, the API; both on the loopback only. */
export async function startServers(options: ServerOptions = {}): Promise<Servers> {
  const { port, apiPort, dataDir, edge: startEdge, release = '1' } = options
  const { seed = 1, onError = console.error } = options
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'holdfast-demo-')))
  await mkdir(join(folder, 'photos'), { recursive: true })
  const databasePath = join(folder, 'demo.sqlite')
  const database = new DatabaseSync(databasePath)
  const running: Listening[] = []
  let edge: RunningEdge | undefined

  async function close(): Promise<void> {
    await edge?.close()
    await Promise.all(running.map((server) => server.close()))
    database.close()
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true })
  }

  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000')
    const weather = createWeather(seed)
    const parts = {
      photos: createPhotos(database, join(folder, 'photos')),
      followUps: createFollowUps(database, () => edge?.hand),
      acks: createAcks(database, (request) => principalOf(request.headers.get('authorization')), onError),
      weather,
      site: () => running[1]?.url ?? '',
      onError,
    }
    const api = await listen(createApi(parts), { port: apiPort ?? 4181, orAnother: apiPort === undefined })
    running.push(api)
    edge = await startEdge?.(api.url, join(folder, 'edge'))
    const site = await listen(await createSite(api.url, release), {
      port: port ?? 4180,
      orAnother: port === undefined,
    })
    running.push(site)
    return { siteUrl: site.url, apiUrl: api.url, dataDir: folder, databasePath, weather, close }
  } catch (error) {
    await close()
    throw error
  }
}
