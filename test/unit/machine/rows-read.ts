import type { State } from '../../../src/machine/state.ts'

/** Counts the jobs that are read from here on: what costs more, the more jobs there are. */
export function rowsRead({ jobs }: State): () => number {
  let rows = 0
  const [get, page, values] = [jobs.get.bind(jobs), jobs.page.bind(jobs), jobs.values.bind(jobs)]
  jobs.get = (id) => {
    rows++
    return get(id)
  }
  jobs.page = (number) => {
    const found = page(number)
    rows += found.length
    return found
  }
  jobs.values = () => {
    rows += jobs.size
    return values()
  }
  return () => rows
}
