import { find } from './dom.ts'
import { makeSamples } from './samples.ts'
import type { PageVerbs, Voice } from './verbs.ts'

/** Takes photos in: from the file chooser, dropped, pasted, or made up. */
export function listenForPhotos(verbs: PageVerbs, voice: Voice): void {
  const chooser = find('files', HTMLInputElement)
  const caption = find('caption', HTMLInputElement)

  function take(given: Iterable<File>, said: string = caption.value.trim()): void {
    const files = [...given].filter((file) => file.type.startsWith('image/'))
    if (files.length > 0) verbs.add(files, said)
    else voice.fault(new TypeError('Only images can be added'))
  }

  chooser.addEventListener('change', () => {
    if (chooser.files?.length) take(chooser.files)
    // So that choosing the same file again is a change.
    chooser.value = ''
  })
  listenForDrops(take)
  addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) take(clipboardData.files)
  })
  find('samples', HTMLButtonElement).addEventListener('click', () => {
    makeSamples(6).then((files) => take(files), voice.fault)
  })
  find('refused', HTMLButtonElement).addEventListener('click', () => {
    makeSamples(1).then((files) => take(files, 'What a view!'), voice.fault)
  })
}

/** A photo may be dropped anywhere: missing the zone must not make the browser leave the page for the file. */
function listenForDrops(take: (files: Iterable<File>) => void): void {
  const zone = find('drop', HTMLLabelElement)
  const mark = (isOver: boolean): void => {
    zone.classList.toggle('over', isOver)
  }
  addEventListener('dragover', (event) => {
    event.preventDefault()
    mark(true)
  })
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) mark(false)
  })
  addEventListener('drop', (event) => {
    event.preventDefault()
    mark(false)
    const files = event.dataTransfer?.files
    if (files?.length) take(files)
  })
}
