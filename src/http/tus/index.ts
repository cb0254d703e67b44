export type { TusOptions } from './options.ts'
export { tusUpload } from './tus-upload.ts'
