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
}
