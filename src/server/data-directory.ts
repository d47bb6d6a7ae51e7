import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The operator's key file: secrets are sealed with it, first-start credentials derived from it. */
export const keyFileOf = (dataDirectory: string): string => join(dataDirectory, 'key')

/** Where a server says that it is there. */
export const serverFileOf = (dataDirectory: string): string => join(dataDirectory, 'server.json')

export const objectDirectoryOf = (dataDirectory: string): string => join(dataDirectory, 'objects')

/** A face's own directory, made when first asked for. Programs of other users pass through it to what is shown to them. */
export function faceDirectory(dataDirectory: string, face: string): string {
  const path = join(dataDirectory, 'faces', face)
  mkdirSync(path, { recursive: true, mode: 0o711 })
  return path
}
