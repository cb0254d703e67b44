import type { JobContext } from 'holdfast'
import { assertOk } from 'holdfast/http'
import { uploadFetch } from 'holdfast/http/upload'
import { explained, type Photo, type Uploaded, uploaded, uploadRequest } from './contract.ts'

/** The handler of an upload, wherever it runs: in a page it tells how much is sent, elsewhere it cannot. */
export function uploadTo(
  apiUrl: string,
  principal: string,
): (photo: Photo, job: JobContext) => Promise<Uploaded> {
  return async (photo, job) => {
    const { url, headers } = uploadRequest(apiUrl, principal, photo, job)
    const init = { method: 'POST', headers, body: photo.file, signal: job.signal }
    const progress = (sent: number, total: number): void => job.progress(percentOf(sent, total))
    try {
      const response = await assertOk(uploadFetch(url, init, progress))
      await response.arrayBuffer()
    } catch (error) {
      throw explained(error)
    }
    return uploaded(principal, photo, job)
  }
}

function percentOf(sent: number, total: number): number {
  return total === 0 ? 100 : Math.floor((sent / total) * 100)
}
