import type { Context } from './context.ts'

/** A command as data: what the parser, the help, the completion and the reader need to know, and its handler. */
export interface Command {
  /** Words after `taskport`: `ps`, `task apply`. */
  readonly name: string
  /** A second word for it: what others call it. */
  readonly alias?: string
  readonly summary: string
  readonly arguments?: readonly ArgumentSpec[]
  /** A function where they come from the server's own table. */
  readonly options?: readonly OptionSpec[] | (() => Promise<readonly OptionSpec[]>)
  /** It is about the server's process or files, so it asks no server and takes no --url or --token of one. */
  readonly isServer?: boolean
  /** Values of --format, the default first. Default: human, json. */
  readonly formats?: readonly string[]
  /** Everything after the first argument belongs to the program that is named, flags included. */
  readonly passesThrough?: boolean
  /** Shown below the help. */
  readonly examples?: readonly string[]
  /** Resolves with the exit code; nothing is 0. */
  readonly run: (context: Context, args: readonly string[], options: Options) => Promise<number | undefined>
}

export interface ArgumentSpec {
  /** `<id>` required, `[id]` optional, `<id...>` one or more. */
  readonly name: string
  readonly description: string
}

export interface OptionSpec {
  /** `-a, --all`, `--name <name>`. */
  readonly flags: string
  readonly description: string
  readonly choices?: readonly string[]
  /** May be given more than once. */
  readonly repeats?: boolean
  readonly required?: boolean
}

const CLIENT_OPTIONS: readonly OptionSpec[] = [
  { flags: '--url <url>', description: 'server to talk to (TASKPORT_URL)' },
  { flags: '--token <token>', description: 'bearer token (TASKPORT_TOKEN)' },
  { flags: '--data-dir <dir>', description: 'data directory of the server on this machine (./.taskport)' },
]

/** Its own options and, for a command that talks to a server, those that say to which. */
export async function optionsOf(command: Command): Promise<readonly OptionSpec[]> {
  const own = typeof command.options === 'function' ? await command.options() : (command.options ?? [])
  return command.isServer ? own : [...own, ...CLIENT_OPTIONS]
}

export const formatsOf = (command: Command): readonly string[] => command.formats ?? ['human', 'json']

/** The options as given, by their long name. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>
  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }
  flag(name: string): boolean {
    return this.#values[camelCase(name)] === true
  }
  text(name: string): string | undefined {
    const value = this.#values[camelCase(name)]
    return typeof value === 'string' ? value : undefined
  }
  list(name: string): readonly string[] {
    const value = this.#values[camelCase(name)]
    return Array.isArray(value) ? (value as string[]) : []
  }
  all(): Readonly<Record<string, unknown>> {
    return this.#values
  }
}

const camelCase = (name: string): string => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
