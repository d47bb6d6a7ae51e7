import { COMMANDS } from './commands.ts'
import { packageVersion } from './package-version.ts'
import { runProgram } from './program.ts'

/** The whole command line; sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  // Who pipes into `head` wants no stack trace when head has seen enough.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE)
      throw error
    })
  process.exitCode = await runProgram(COMMANDS, argv, process.env, packageVersion())
}

/** As a shell reports a program ended by SIGPIPE. */
const EXIT_BROKEN_PIPE = 141
