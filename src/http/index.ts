export type { Verdict } from '../errors.ts'
export { type AssertOkOptions, assertOk } from './assert-ok.ts'
export { capture } from './capture.ts'
export type { CaptureEvent, CaptureOptions, CaptureQueue } from './capture-options.ts'
export { classify } from './classify.ts'
export { HttpError, type HttpErrorFields, NoResponseError } from './errors.ts'
export {
  type Acceptance,
  type HeadersSource,
  type HttpHandler,
  type HttpHandlerOptions,
  httpHandler,
  type Send,
} from './handler.ts'
export { type RequestPayload, type RequestPayloadOptions, requestPayload } from './payload.ts'
export { type HttpTaskOptions, httpTask } from './task.ts'
