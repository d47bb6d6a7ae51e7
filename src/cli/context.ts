import { findEndpoint } from './endpoint.ts'
import { usage } from './failure.ts'
import type { NativeClient } from './native-client.ts'
import { nativeClient } from './native-client.ts'
import type { Output } from './output.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What every command may use. */
export interface Context {
  readonly environment: Environment
  readonly output: Output
  /** Of the server on this machine: --data-dir, else TASKPORT_DATA_DIR, else `./.taskport`. */
  readonly dataDirectory: string
  /** The native API of the server that flags, environment or data directory name. */
  client(): Promise<NativeClient>
}

export function contextFor(
  environment: Environment,
  output: Output,
  given: {
    readonly url: string | undefined
    readonly token: string | undefined
    readonly dataDirectory: string | undefined
  },
): Context {
  // A variable that was never set, quoted: not the directory one happens to be in.
  if (given.dataDirectory === '') throw usage('--data-dir names no directory', 'write it as --data-dir ./.taskport')
  const dataDirectory = given.dataDirectory ?? (environment.TASKPORT_DATA_DIR || './.taskport')
  // Who names a directory means its server, whatever a shell still has set.
  const { TASKPORT_URL, TASKPORT_TOKEN }: Environment = given.dataDirectory === undefined ? environment : {}
  return {
    environment,
    output,
    dataDirectory,
    client: async () =>
      nativeClient(
        await findEndpoint({
          url: given.url ?? (TASKPORT_URL || undefined),
          token: given.token ?? (TASKPORT_TOKEN || undefined),
          dataDirectory,
        }),
      ),
  }
}
