import { resolve } from 'node:path'
import type { OptionSpec, Options } from './command.ts'
import { durationText } from './duration.ts'
import { usage } from './failure.ts'
import type { Step, Submission } from './native-api.gen.ts'
import { number, pairs, wholeNumber } from './pairs.ts'

/** Flags of `run` that say what is submitted. */
export const SUBMISSION_OPTIONS: readonly OptionSpec[] = [
  { flags: '-n, --name <name>', description: 'name shown to users' },
  { flags: '-e, --env <K=V>', description: 'environment variable', repeats: true },
  { flags: '-l, --label <k=v>', description: 'label to find it by', repeats: true },
  { flags: '--timeout <duration>', description: 'time limit, such as 30s or 1h30m' },
  { flags: '--memory <size>', description: 'memory limit, such as 64M or 2G' },
  { flags: '--cpu <cores>', description: 'share of CPU reserved, such as 0.5' },
  { flags: '--retries <n>', description: 'try again after a failure, at most n times' },
  { flags: '--image <image>', description: 'run inside this container image' },
  {
    flags: '--mount <dir[:target][:ro]>',
    description:
      'show a directory of the server’s machine, at its own path or at target; up --allow-bind must allow it',
    repeats: true,
  },
  {
    flags: '--workdir <dir>',
    description: 'working directory, as the program sees it; default: an empty one of its own',
  },
  { flags: '--user <user>', description: 'name, uid or uid:gid' },
  { flags: '--priority <n>', description: 'higher goes first' },
  { flags: '--no-queue', description: 'fail at once when there is no room, instead of waiting' },
  { flags: '--step <name=command>', description: 'a step: NAME=COMMAND, or NAME(AFTER,…)=COMMAND', repeats: true },
]

/** What `taskport run FLAGS -- COMMAND` asks for. */
export function submissionOf(command: readonly string[], options: Options): Submission {
  const steps = options.list('step').map(stepOf)
  if (steps.length > 0 && command.length > 0)
    throw usage('both steps and a command are given', 'put the command into a step: --step NAME=COMMAND')
  if (steps.length === 0 && command.length === 0)
    throw usage('there is nothing to run', 'put the command behind two dashes: taskport run -- echo hello')
  const shared = sharedFields(options)
  const own = stepOnlyFields(options)
  return steps.length > 0
    ? { ...shared, steps: steps.map((step) => ({ ...own, ...step })) }
    : { ...shared, ...own, command: command as string[] }
}

/** What holds for the whole, given as flags; also overrides a task's own. */
export function sharedFields(options: Options): Submission {
  const retries = wholeNumber(options.text('retries'), '--retries')
  const env = pairs(options.list('env'), '--env')
  const labels = pairs(options.list('label'), '--label')
  const timeout = options.text('timeout')
  return {
    name: options.text('name'),
    timeout: timeout === undefined ? undefined : durationText(timeout, '--timeout'),
    priority: number(options.text('priority'), '--priority'),
    ...(Object.keys(env).length > 0 && { env }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(retries !== undefined && { retry: { limit: retries } }),
    ...(options.all().queue === false && { ifNoRoom: 'refuse' as const }),
  }
}

const stepOnlyFields = (options: Options): Partial<Step> => ({
  memory: options.text('memory'),
  cpu: number(options.text('cpu'), '--cpu'),
  image: options.text('image'),
  workdir: options.text('workdir'),
  user: options.text('user'),
  ...(options.list('mount').length > 0 && { mounts: options.list('mount').map(mountOf) }),
})

/** `DIR`, `DIR:TARGET`, either with `:ro` behind. */
function mountOf(text: string): NonNullable<Step['mounts']>[number] {
  const readOnly = text.endsWith(':ro')
  const [from = '', target, ...rest] = (readOnly ? text.slice(0, -':ro'.length) : text).split(':')
  if (from === '' || target === '' || rest.length > 0)
    throw usage(
      `--mount ${text} is no directory`,
      'write it as --mount DIR, --mount DIR:TARGET or --mount DIR:TARGET:ro',
    )
  const source = resolve(from)
  return { kind: 'bind', source, target: target ?? source, ...(readOnly && { readOnly }) }
}

const STEP = /^([A-Za-z0-9_][A-Za-z0-9_.-]*)(?:\(([^)]*)\))?=(.+)$/s

function stepOf(text: string): Step {
  const match = STEP.exec(text)
  if (!match) throw usage(`--step ${text} has no name and command`, "write it as --step 'test(build)=make test'")
  const needs = (match[2] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  return { name: match[1]!, run: match[3]!, ...(needs.length > 0 && { needs }) }
}
