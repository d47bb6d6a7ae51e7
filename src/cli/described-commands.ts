import type { Command, OptionSpec } from './command.ts'
import { formatsOf, optionsOf } from './command.ts'
import type { CompletedCommand, CompletedFlag } from './completion-script.ts'
import { SHELLS } from './completion-script.ts'

/** Commands as a shell's completion sees them. */
export const describeCommands = (commands: readonly Command[]): Promise<readonly CompletedCommand[]> =>
  Promise.all(
    commands.map(async (command) => ({
      name: command.name,
      summary: command.summary,
      flags: [...(await optionsOf(command)).map(flagOf), formatFlag(command)],
      words: command.name === 'completion' ? SHELLS : [],
    })),
  )

const flagOf = (option: OptionSpec): CompletedFlag => ({
  long: /--[\w-]+/.exec(option.flags)![0],
  description: option.description,
  takesValue: option.flags.includes('<'),
  choices: option.choices ?? [],
})

const formatFlag = (command: Command): CompletedFlag => ({
  long: '--format',
  description: 'how to print',
  takesValue: true,
  choices: formatsOf(command),
})
