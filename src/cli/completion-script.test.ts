import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { COMMANDS } from './commands.ts'
import { completionScript } from './completion-script.ts'
import { describeCommands } from './described-commands.ts'

/** What bash offers for the last word. */
async function completed(...words: readonly string[]): Promise<readonly string[]> {
  const script = completionScript('bash', await describeCommands(COMMANDS))
  const ask = `${script}
COMP_WORDS=(taskport "$@"); COMP_CWORD=$#; _taskport 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' })
    .trim()
    .split('\n')
}

test('bash completes commands, the words of a group, flags and their choices', async () => {
  expect(await completed('re')).toEqual(['retry'])
  expect(await completed('task', 'a')).toEqual(['apply'])
  expect(await completed('task', 'apply', '--f')).toEqual(['--file', '--format'])
  expect(await completed('graph', '--format', 'm')).toEqual(['mermaid'])
  expect(await completed('up', '--executor', 'pro')).toEqual(['process'])
  expect(await completed('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
})

test('fish is told every command and flag', async () => {
  const script = completionScript('fish', await describeCommands(COMMANDS))
  for (const { name } of COMMANDS) expect(script).toContain(` -a ${name.split(' ').at(-1)} `)
  expect(script).toContain("-l format -x -a 'text dot mermaid json'")
})
