import type { Command } from '../command.ts'
import type { CompletedCommand } from '../completion-script.ts'
import { completionScript, SHELLS } from '../completion-script.ts'
import { usage } from '../failure.ts'

/** `describe` gives all commands; it is handed in because this command is one of them. */
export const completionOf = (describe: () => Promise<readonly CompletedCommand[]>): Command => ({
  name: 'completion',
  summary: 'print a completion script for your shell',
  arguments: [{ name: '<shell>', description: SHELLS.join(', ') }],
  examples: [
    'source <(taskport completion bash)',
    'taskport completion zsh > ~/.zfunc/_taskport',
    'taskport completion fish > ~/.config/fish/completions/taskport.fish',
  ],
  async run(context, args) {
    const shell = SHELLS.find((name) => name === args[0])
    if (shell === undefined)
      throw usage(`there is no completion for ${args[0]}`, `it is there for ${SHELLS.join(', ')}`)
    const script = completionScript(shell, await describe())
    context.output.show({ shell, script }, () => script)
    return 0
  },
})
