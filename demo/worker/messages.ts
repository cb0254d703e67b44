/** What a page tells a worker that waits: no tab needs the one before it any more. */
export const takeOver = 'holdfast-demo: take over'
