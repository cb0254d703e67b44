export { uploadFetch } from './upload-fetch.ts'
