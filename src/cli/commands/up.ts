import { type AutomationsFolder, automationsFolder } from '../automations-folder.ts'
import type { Command, OptionSpec, Options } from '../command.ts'
import type { Context } from '../context.ts'
import { EXIT_FAILURE, Failure, usage } from '../failure.ts'
import { nativeClient } from '../native-client.ts'
import { onaClient } from '../ona-client.ts'
import { pairs } from '../pairs.ts'
import { type AutomationsRun, runAutomations, stopAutomations } from '../run-automations.ts'
import { configured, optionOf } from '../up-flags.ts'

/** Ends the server together with everything it runs, as --ephemeral does: sent by `taskport down --kill`. */
const END_TASKS = 'SIGQUIT'
/** SIGHUP: the terminal it was started in is closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', END_TASKS] as const

export const up: Command = {
  name: 'up',
  summary: 'start a server and stay with it; running tasks outlive its end',
  isServer: true,
  options: async () => [...(await import('../../server/configuration.ts')).FLAGS.map(optionOf), ...AUTOMATIONS_OPTIONS],
  examples: ['taskport up', 'taskport up --automations .ona/automations.yaml --task build'],
  async run(context, _args, options) {
    const { DEFAULT_CONFIGURATION, FLAGS, problemWith } = await import('../../server/configuration.ts')
    const { serve } = await import('../../server/server.ts')
    const given = configured(FLAGS, options)
    const path = options.text('automations')
    const folder = path === undefined ? undefined : automationsFolder(path)
    const roots = (given.workspaceRoots ?? []) as readonly string[]
    const configuration = {
      ...DEFAULT_CONFIGURATION,
      ...given,
      workspaceRoots: folder ? [...roots, folder.directory] : roots,
      dataDirectory: context.dataDirectory,
    }
    const problem = problemWith(configuration)
    if (problem !== undefined) throw usage(problem)
    // Heard from now on: a start that is broken off takes along what it started.
    const signal = askedToEnd()
    const server = await serve(configuration).catch((error: unknown) => {
      // Whatever of the start still lives keeps no process.
      setTimeout(() => process.exit(EXIT_FAILURE), LAST_WORDS_MS).unref()
      throw new Failure(error instanceof Error ? error.message : String(error), startHint(error), undefined, error)
    })
    const banner = await server.banner()
    if (context.output.format === 'json') context.output.line({ url: server.url, pid: process.pid })
    else context.output.text(`${banner.join('\n')}\n`)
    const automations = folder && (await automationsOf(context, server.url, folder, options))
    const received = automations ? await shown(automations, signal, context) : await signal
    if (automations) await stopAutomations(automations)
    await server.stop({ endTasks: configuration.ephemeral || received === END_TASKS })
    return typeof received === 'number' ? received : 0
  },
}

const AUTOMATIONS_OPTIONS: readonly OptionSpec[] = [
  { flags: '--automations <file>', description: 'run the automations of a folder: its file, or the folder' },
  { flags: '--task <reference>', description: 'with --automations: run this task and end with it', repeats: true },
  { flags: '--input <name=value>', description: 'with --task: a value for an input of its', repeats: true },
]

async function automationsOf(
  context: Context,
  url: string,
  folder: AutomationsFolder,
  options: Options,
): Promise<AutomationsRun> {
  const { clientEnvironment } = await import('../../server/environment.ts')
  const { GITPOD_API_KEY: key = '', TASKPORT_TOKEN: token } = await clientEnvironment({
    url,
    dataDirectory: context.dataDirectory,
  })
  return {
    ona: onaClient({ url, key }),
    native: nativeClient({ url, token }),
    output: context.output,
    folder,
    tasks: options.list('task'),
    inputs: pairs(options.list('input'), '--input'),
  }
}

/** Until a signal comes, or the tasks that were named are over: then the exit code. */
async function shown(run: AutomationsRun, signal: Promise<string>, { output }: Context): Promise<string | number> {
  const ending = new AbortController()
  const ran = runAutomations(run, ending.signal).catch((error: unknown): boolean => {
    output.note(`taskport: ${error instanceof Error ? error.message : String(error)}`)
    return false
  })
  const named = ran.then<string | number>((well) => (run.tasks.length > 0 || !well ? Number(!well) : signal))
  try {
    return await Promise.race([signal, named])
  } finally {
    ending.abort()
  }
}

const EXIT_IMPATIENT = 130

/** npm and the start under another Node pass on what a terminal has told this process already, ms. */
const SAME_WISH_MS = 300

/** The first signal that asks for the end. Who asks again while it ends does not want to wait. */
function askedToEnd(): Promise<string> {
  let firstAt: number | undefined
  return new Promise((resolve) => {
    for (const name of STOP_SIGNALS)
      process.on(name, () => {
        firstAt ??= performance.now()
        if (performance.now() - firstAt > SAME_WISH_MS && name !== 'SIGHUP') process.exit(EXIT_IMPATIENT)
        resolve(name)
      })
    onceAbandoned(() => resolve('SIGTERM'))
  })
}

const LAST_WORDS_MS = 2_000
const LOOK_MS = 100

/** npx hands a SIGTERM to the shell between it and this process, which dies of it and tells nobody: then it was meant for us. */
function onceAbandoned(act: () => void): void {
  if (process.env.npm_command !== 'exec') return
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    act()
  }, LOOK_MS).unref()
}

function startHint(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    return 'stop what listens there (`taskport down`), or choose another: --port 0 takes any free one'
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return 'listen on an address of this machine: --host 127.0.0.1, or 0.0.0.0 for all of them'
  if (error instanceof Error && error.name === 'UnusableDirectory') return 'name another directory: --data-dir'
  if (code === 'EACCES') return 'choose a directory and a port that this user may use: --data-dir, --port'
  return '`taskport doctor` looks at what this machine offers'
}
