/** The deadline of the worker's events: one that comes to pass within a soak of ten minutes. */
export const deadlineMs = 30_000
