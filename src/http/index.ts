export { type AssertOkOptions, assertOk } from './assert-ok.ts'
export { classify } from './classify.ts'
export { HttpError, type HttpErrorFields, NoResponseError } from './errors.ts'
