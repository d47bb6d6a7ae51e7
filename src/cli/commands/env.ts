import { existsSync } from 'node:fs'
import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'

const DEFAULT_URL = 'http://127.0.0.1:7400'

export const env: Command = {
  name: 'env',
  summary: 'print what points every client at the server: addresses and credentials',
  isServer: true,
  options: [
    { flags: '--url <url>', description: 'address of the server (of the running one)' },
    { flags: '--data-dir <dir>', description: 'data directory of the server (./.taskport)' },
  ],
  formats: ['shell', 'json'],
  examples: ['eval "$(taskport env)"', 'taskport env --format json'],
  async run(context, _args, options) {
    const { clientEnvironment } = await import('../../server/environment.ts')
    const { readServerFile } = await import('../../server/server-file.ts')
    const { dataDirectory } = context
    if (!existsSync(dataDirectory)) await prepare(dataDirectory, options.text('data-dir') !== undefined)
    const url = options.text('url') ?? readServerFile(dataDirectory)?.url ?? DEFAULT_URL
    const variables = await clientEnvironment({ url, dataDirectory })
    context.output.show(variables, () => shellOf(variables))
    return 0
  },
}

/** Credentials come from the key file, so there must be a place for it; never by accident, in whatever directory one is. */
async function prepare(dataDirectory: string, isNamed: boolean): Promise<void> {
  if (!isNamed)
    throw new Failure(
      `there is no data directory ${dataDirectory}`,
      'start a server with `taskport up`, or name the directory: --data-dir DIR',
    )
  const { makeDataDirectory } = await import('../../server/environment.ts')
  makeDataDirectory(dataDirectory)
}

const shellOf = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('')

const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
