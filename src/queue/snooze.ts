export { type Snooze, snooze } from '../worker/outcome.ts'
