import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** All windows of a screen that has no window manager to ask: whoever hides them speaks X11 to the screen itself. */
export interface Windows {
  /** Takes away what is to be seen, as minimizing does; pages then take themselves for hidden. */
  hide(): Promise<void>
  /** Puts back what was taken away. */
  show(): Promise<void>
}

/** Requests that name one window, by their opcodes. */
const [getAttributes, map, unmap, queryTree] = [3, 8, 10, 15]
const answerBytes = 32
const viewable = 2

/** `display` as `:0`, a screen of this machine that lets anybody in. */
export function windowsOf(display: string): Windows {
  let hidden: readonly number[] = []
  return {
    async hide() {
      const screen = await openScreen(display)
      const seen = await screen.seen()
      await screen.tell(unmap, seen)
      hidden = [...hidden, ...seen]
    },
    async show() {
      const screen = await openScreen(display)
      await screen.tell(map, hidden)
      hidden = []
    },
  }
}

interface Screen {
  /** The windows that are to be seen. */
  seen(): Promise<number[]>
  /** Has something done to windows; resolves once it is done, and the screen closed. */
  tell(request: number, windows: readonly number[]): Promise<void>
}

async function openScreen(display: string): Promise<Screen> {
  const socket = connect(`/tmp/.X11-unix/X${display.slice(1)}`)
  await once(socket, 'connect')
  const root = await greet(socket)
  const children = async (): Promise<number[]> => {
    socket.write(requestOf(queryTree, root))
    const answer = await bytes(socket, answerBytes)
    const listed = await bytes(socket, answer.readUInt32LE(4) * 4)
    return Array.from({ length: listed.length / 4 }, (_, place) => listed.readUInt32LE(place * 4))
  }
  const isSeen = async (window: number): Promise<boolean> => {
    socket.write(requestOf(getAttributes, window))
    const answer = await bytes(socket, answerBytes)
    await bytes(socket, answer.readUInt32LE(4) * 4)
    return answer[26] === viewable
  }
  return {
    async seen() {
      const seen: number[] = []
      for (const window of await children()) if (await isSeen(window)) seen.push(window)
      return seen
    },
    async tell(request, windows) {
      for (const window of windows) socket.write(requestOf(request, window))
      // Requests are answered in their order.
      await children()
      socket.destroy()
    },
  }
}

/** Introduces us as a client of version 11, of little-endian numbers; resolves to the root window of the first screen. */
async function greet(socket: Socket): Promise<number> {
  socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
  const head = await bytes(socket, 8)
  const setup = await bytes(socket, head.readUInt16LE(6) * 4)
  if (head[0] !== 1) throw new Error('Cannot use the screen: it lets nobody in')
  const vendorBytes = Math.ceil(setup.readUInt16LE(16) / 4) * 4
  const formatBytes = setup.readUInt8(21) * 8
  return setup.readUInt32LE(32 + vendorBytes + formatBytes)
}

function requestOf(opcode: number, window: number): Buffer {
  const request = Buffer.alloc(8)
  request.writeUInt8(opcode, 0)
  request.writeUInt16LE(request.length / 4, 2)
  request.writeUInt32LE(window, 4)
  return request
}

async function bytes(socket: Socket, count: number): Promise<Buffer> {
  if (count === 0) return Buffer.alloc(0)
  for (;;) {
    const read: Buffer | null = socket.read(count)
    if (read !== null) return read
    await once(socket, 'readable')
  }
}
