import type { Lab, Tab } from './contract.ts'

/**
 * Puts a write as a page does that hears of refusals: a write that is refused aloud was never taken in, so it is no loss,
 * and is put again, as another one, for as long as the lab has patience. Resolves to the id that was taken in;
 * `undefined`: the refusals do not end.
 */
export async function putUntilTaken(lab: Lab, tab: Tab, id: string): Promise<string | undefined> {
  let [taken, tries]: [string | undefined, number] = [undefined, 0]
  await lab.until(async () => {
    tries += 1
    const next = tries === 1 ? id : `${id}, try ${tries}`
    const isTaken = await tab.put({ id: next }).then(
      () => true,
      () => false,
    )
    if (isTaken) taken = next
    return isTaken
  })
  return taken
}
