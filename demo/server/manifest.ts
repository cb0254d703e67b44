import { drawIcon } from './icons.ts'

const icons = [
  { side: 192, isMaskable: false, path: '/icon-192.png' },
  { side: 512, isMaskable: false, path: '/icon-512.png' },
  { side: 512, isMaskable: true, path: '/icon-maskable-512.png' },
]

const manifest = {
  id: '/',
  name: 'Holdfast photos',
  short_name: 'Holdfast',
  description: 'Photos that get there: taken in offline, sent in the background.',
  lang: 'en',
  start_url: '/',
  scope: '/',
  display: 'standalone',
  theme_color: '#0a7261',
  background_color: '#0a7261',
  categories: ['photo', 'utilities'],
  icons: icons.map(({ side, isMaskable, path }) => ({
    src: path,
    type: 'image/png',
    sizes: `${side}x${side}`,
    purpose: isMaskable ? 'maskable' : 'any',
  })),
}

const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#0b7a68" stroke-width="2.4" stroke-linecap="round"><path d="M12 3v17M12 12c-4 0-7 3-7 8M12 12c4 0 7 3 7 8M12 7c3 0 4-1.500 5-4"/></svg>`

let made: ReadonlyMap<string, string | Uint8Array> | undefined

/** What makes the page an application that can be installed: its manifest and its icons, by path. */
export function installable(): ReadonlyMap<string, string | Uint8Array> {
  // Drawing takes a while.
  made ??= new Map<string, string | Uint8Array>([
    ['/manifest.webmanifest', JSON.stringify(manifest)],
    ['/icon.svg', favicon],
    ...icons.map((icon): [string, Uint8Array] => [icon.path, drawIcon(icon)]),
  ])
  return made
}
