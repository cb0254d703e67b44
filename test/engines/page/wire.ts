/**
 * The page's end of a wire to the process that tests it, if the page was opened with one: takes orders for as long as
 * the page is there, also when it is there again. Sent to pages as text, so that it may use nothing from outside of it.
 */
export function pageWire(): void {
  const address = new URLSearchParams(location.search).get('wire')
  if (address === null) return
  const document = crypto.randomUUID()
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
  const obey = async ({ id, source }: { id: string; source: string }): Promise<void> => {
    const outcome = await new Promise((resolve) => resolve(new Function(`return ${source}`)())).then(
      (value) => ({ value }),
      (error: unknown) => ({
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      }),
    )
    await fetch(`${address}/${id}`, { method: 'POST', body: JSON.stringify(outcome) })
  }
  const listen = async (): Promise<never> => {
    for (;;) {
      try {
        const order = await (await fetch(`${address}/${document}`)).json()
        // Not waited for: an order may take long, and the next may end it.
        if (order !== null) obey(order).catch(console.error)
      } catch {
        // The page is going away, or came back, or the process that listened ended.
        await pause()
      }
    }
  }
  void listen()
}
