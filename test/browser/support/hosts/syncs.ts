import { type Chromium, devTools } from '../chromium.ts'

/** Has Chromium give a sync two chances, ten seconds apart: by itself it gives three, the last after 20 minutes. */
export const hastySyncs: readonly string[] = [
  '--force-fieldtrials=BackgroundSync/Hasty/',
  `--force-fieldtrial-params=BackgroundSync.Hasty:${[
    ['max_sync_attempts', 2],
    ['max_sync_attempts_with_notification_permission', 2],
    ['initial_retry_delay_sec', 10],
    ['retry_delay_factor', 1],
  ]
    .flat()
    .join('/')}`,
]

/** What the browser itself says of its syncs from here on: `Registered sync`, `Dispatched sync event`, … */
export async function watchSyncs(chromium: Chromium): Promise<readonly string[]> {
  const session = await devTools(await chromium.open('about:blank'))
  const said: string[] = []
  session.on('BackgroundService.backgroundServiceEventReceived', ({ backgroundServiceEvent }) => {
    const { eventName, eventMetadata } = backgroundServiceEvent
    const isLast = eventMetadata.some(({ key, value }) => key === 'Last Chance' && value === 'Yes')
    said.push(isLast ? `${eventName}, the last chance` : eventName)
  })
  const service = 'backgroundSync'
  await session.send('BackgroundService.startObserving', { service })
  await session.send('BackgroundService.setRecording', { service, shouldRecord: true })
  return said
}
