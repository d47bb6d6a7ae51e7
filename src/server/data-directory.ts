import { join } from 'node:path'

/** The operator's key file: secrets are sealed with it, first-start credentials derived from it. */
export const keyFileOf = (dataDirectory: string): string => join(dataDirectory, 'key')

/** Where a server says that it is there. */
export const serverFileOf = (dataDirectory: string): string => join(dataDirectory, 'server.json')
