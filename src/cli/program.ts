import { Argument, Command as Commander, CommanderError, Option } from 'commander'
import type { Command, OptionSpec } from './command.ts'
import { formatsOf, Options, optionsOf } from './command.ts'
import type { Environment } from './context.ts'
import { contextFor } from './context.ts'
import { EXIT_FAILURE, EXIT_USAGE, Failure } from './failure.ts'
import type { Output } from './output.ts'
import { outputFor } from './output.ts'

const GROUPS: Readonly<Record<string, string>> = {
  task: 'tasks: definitions with revisions',
  node: 'nodes: places with capacity',
  schedule: 'schedules of tasks',
  token: 'credentials of the faces',
  secret: 'secrets that steps may use',
  upsun: 'Upsun: deploy the tasks of a .upsun/config.yaml',
}

/** Parses the arguments, runs the command; the exit code. Never throws. */
export async function runProgram(
  commands: readonly Command[],
  argv: readonly string[],
  environment: Environment,
  version: string,
): Promise<number> {
  let exitCode = 0
  const asJson = asksForJson(argv)
  const program = await programOf(commands, { version, asJson }, async (command, args, values) => {
    exitCode = await execute(command, args, values, environment)
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    if (asJson)
      writeJson(
        new Failure(error.message.replace(PREFIX, '').replaceAll('\n', ' '), 'taskport --help lists the commands'),
      )
    return EXIT_USAGE
  }
}

const PREFIX = /^error: /

/** Whoever reads JSON reads it also where the arguments are wrong, and nothing was parsed. What follows `--` is a program's. */
function asksForJson(argv: readonly string[]): boolean {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  return own.some((word, i) => word === '--format=json' || (word === '--format' && own[i + 1] === 'json'))
}

type Handler = (command: Command, args: readonly string[], values: Readonly<Record<string, unknown>>) => Promise<void>

interface Manner {
  readonly version: string
  /** Of mistakes nothing is written here. */
  readonly asJson: boolean
}

async function programOf(commands: readonly Command[], manner: Manner, handle: Handler): Promise<Commander> {
  const program = new Commander('taskport')
    .description('Runs tasks for real and speaks the task APIs your tools already use')
    .version(manner.version, '-V, --version')
    .enablePositionalOptions()
    .helpCommand(false)
    .showHelpAfterError(
      manner.asJson ? false : '(taskport --help lists the commands; taskport COMMAND --help its options)',
    )
  inheritable(program, manner)
  const groups = new Map<string, Commander>()
  for (const command of commands) {
    const [group, name] = command.name.includes(' ') ? command.name.split(' ') : [undefined, command.name]
    const parent = group === undefined ? program : groupOf(program, groups, group, manner)
    addCommand(inheritable(parent.command(name!), manner), command, await optionsOf(command), handle)
  }
  return program
}

function groupOf(program: Commander, groups: Map<string, Commander>, name: string, manner: Manner): Commander {
  const known = groups.get(name)
  if (known) return known
  const group = program
    .command(name)
    .description(GROUPS[name] ?? name)
    .helpCommand(false)
  inheritable(group, manner)
  groups.set(name, group)
  return group
}

/** Errors come back as exceptions, so that one place decides exit codes. */
const inheritable = (command: Commander, { asJson }: Manner): Commander =>
  command.exitOverride().configureOutput({
    outputError: (text, write) => (asJson ? undefined : write(text.replace(PREFIX, 'taskport: '))),
  })

function addCommand(sub: Commander, command: Command, options: readonly OptionSpec[], handle: Handler): void {
  sub.description(command.summary)
  for (const argument of command.arguments ?? []) sub.addArgument(new Argument(argument.name, argument.description))
  for (const option of options) addOption(sub, option)
  const [usual, ...others] = formatsOf(command)
  sub.addOption(new Option('--format <format>', 'how to print').choices([usual!, ...others]).default(usual))
  if (command.alias !== undefined) sub.alias(command.alias)
  if (command.passesThrough) sub.passThroughOptions()
  if (command.examples) sub.addHelpText('after', `\nExamples:\n${command.examples.map((e) => `  ${e}`).join('\n')}`)
  sub.action((...actionArguments: unknown[]) => {
    const values = sub.opts()
    const args = actionArguments.slice(0, -2).flatMap((a) => (Array.isArray(a) ? (a as string[]) : [a as string]))
    return handle(
      command,
      args.filter((a) => a !== undefined),
      values,
    )
  })
}

function addOption(sub: Commander, spec: OptionSpec): void {
  const option = new Option(spec.flags, spec.description)
  if (spec.choices) option.choices([...spec.choices])
  const one = option.parseArg
  if (spec.repeats)
    option.argParser((value: string, before: readonly string[] = []) => [
      ...before,
      one === undefined ? value : one(value, value),
    ])
  if (spec.required) option.makeOptionMandatory()
  sub.addOption(option)
}

async function execute(
  command: Command,
  args: readonly string[],
  values: Readonly<Record<string, unknown>>,
  environment: Environment,
): Promise<number> {
  const options = new Options(values)
  const output = outputFor(options.text('format') ?? 'human', environment)
  const given = { url: options.text('url'), token: options.text('token'), dataDirectory: options.text('data-dir') }
  try {
    const context = contextFor(environment, output, given)
    return (await command.run(context, args, options)) ?? 0
  } catch (error) {
    return report(error, output)
  } finally {
    await output.flush()
  }
}

/** One line what, one line what to do next; with --format json one document on stderr. */
function report(error: unknown, output: Output): number {
  const failure = error instanceof Failure ? error : new Failure(describe(error))
  const paint = output.paintNote
  if (output.format === 'json') writeJson(failure)
  else {
    process.stderr.write(`${paint('red', 'taskport:')} ${failure.message}\n`)
    if (failure.next) process.stderr.write(`${paint('dim', `→ ${failure.next}`)}\n`)
  }
  return failure.exitCode || EXIT_FAILURE
}

const writeJson = ({ message, next }: Failure): void =>
  void process.stderr.write(`${JSON.stringify({ error: message, next })}\n`)

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))
