export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export interface CompletedCommand {
  /** `ps`, `task apply`. */
  readonly name: string
  readonly summary: string
  readonly flags: readonly CompletedFlag[]
  /** Words that its first argument may be. */
  readonly words: readonly string[]
}

export interface CompletedFlag {
  readonly long: string
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
}

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  if (shell === 'bash') return bash(commands)
  if (shell === 'zsh') return `#compdef taskport\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`
  return fish(commands)
}

/** First words, with the summary of each: of a group, that of its first command. */
function firstWords(commands: readonly CompletedCommand[]): ReadonlyMap<string, string> {
  const words = new Map<string, string>()
  for (const { name, summary } of commands) {
    const [first, second] = name.split(' ')
    if (!words.has(first!)) words.set(first!, second === undefined ? summary : `${first} commands`)
  }
  return words
}

const secondWords = (commands: readonly CompletedCommand[], first: string): readonly CompletedCommand[] =>
  commands.filter(({ name }) => name.startsWith(`${first} `))

/** Looks the command line up in a table of `command|flags and words`; values with choices in one of `command flag|words`. */
function bash(commands: readonly CompletedCommand[]): string {
  const groups = [...firstWords(commands).keys()].filter((first) => secondWords(commands, first).length > 0)
  const groupCases = groups.map(
    (first) =>
      `    ${first}) words="${secondWords(commands, first)
        .map(({ name }) => name.split(' ')[1])
        .join(' ')}" ;;`,
  )
  const commandCases = commands.map(
    ({ name, flags, words }) => `    '${name}') words="${[...words, ...flags.map((f) => f.long)].join(' ')}" ;;`,
  )
  const choiceCases = commands.flatMap(({ name, flags }) =>
    flags.filter((f) => f.choices.length > 0).map((f) => `    '${name} ${f.long}') words="${f.choices.join(' ')}" ;;`),
  )
  return `_taskport() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=
  COMPREPLY=()
  case $command in ${groups.join('|')}) [ "$COMP_CWORD" -gt 2 ] && command="$command \${COMP_WORDS[2]}" ;; esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${[...firstWords(commands).keys()].join(' ')}"
  else
    case $command in
${[...groupCases, ...commandCases].join('\n')}
    esac
    case "$command $previous" in
${choiceCases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then compopt -o default 2>/dev/null; fi
}
complete -F _taskport taskport
`
}

function fish(commands: readonly CompletedCommand[]): string {
  const first = [...firstWords(commands)].map(
    ([word, summary]) => `complete -c taskport -n __fish_use_subcommand -f -a ${word} -d ${quoted(summary)}`,
  )
  const rest = commands.flatMap(({ name, summary, flags, words }) => {
    const [group, sub] = name.split(' ')
    const seen = `__fish_seen_subcommand_from ${group}`
    const here = sub === undefined ? quoted(seen) : quoted(`${seen}; and __fish_seen_subcommand_from ${sub}`)
    const subLine =
      sub &&
      `complete -c taskport -n ${quoted(`${seen}; and not __fish_seen_subcommand_from ${sub}`)} -f -a ${sub} -d ${quoted(summary)}`
    const wordLine = words.length > 0 && `complete -c taskport -n ${here} -f -a ${quoted(words.join(' '))}`
    return [subLine, wordLine, ...flags.map((flag) => fishFlag(here, flag))].filter((line) => typeof line === 'string')
  })
  return `${[...first, ...rest].join('\n')}\n`
}

function fishFlag(here: string, flag: CompletedFlag): string {
  const value = flag.choices.length > 0 ? ` -x -a ${quoted(flag.choices.join(' '))}` : flag.takesValue ? ' -r' : ''
  return `complete -c taskport -n ${here} -l ${flag.long.slice(2)}${value} -d ${quoted(flag.description)}`
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
