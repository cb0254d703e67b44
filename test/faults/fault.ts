/** A small patch that breaks one promise, and what must notice. */
export interface Fault {
  /** What is wrong, in a few words. */
  readonly name: string
  readonly file: string
  /** The text that is replaced; it stands in the file exactly once. */
  readonly from: string
  readonly to: string
  readonly caughtBy: NamedTest | 'simulator'
}

/** A test that is green on the sound project, and red with the fault. */
export interface NamedTest {
  readonly file: string
  /** Its full name, as the reporter prints it: the groups and the test, joined by blanks. */
  readonly test: string
  /** What its failure says, where it could fail for want of time, too. */
  readonly because?: string
}

/** The guard of one field note, taken away, and what its test then says. */
export interface Unguarded extends Omit<Fault, 'caughtBy'> {
  readonly note: number
  readonly because: string
}
