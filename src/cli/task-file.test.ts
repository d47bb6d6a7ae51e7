import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Failure } from './failure.ts'
import { readTaskFile } from './task-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskport-file-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function written(text: string): string {
  const path = join(folder, 'task.yaml')
  writeFileSync(path, text)
  return path
}

function refused(text: string): { readonly lines: readonly string[]; readonly exitCode: number } {
  const path = written(text)
  try {
    readTaskFile(path)
  } catch (error) {
    const { message, exitCode } = error as Failure
    return {
      lines: message
        .split('\n')
        .slice(1)
        .map((line) => line.replace(`${path}:`, '')),
      exitCode,
    }
  }
  throw new Error('the file was taken')
}

describe('a task file', () => {
  test('may hold several tasks, in YAML or JSON', () => {
    const tasks = readTaskFile(written('name: a\ncommand: echo a\n---\n{"name": "b", "command": ["echo", "b"]}\n'))
    expect(tasks.map(({ name, definition }) => ({ name, definition }))).toEqual([
      { name: 'a', definition: { command: 'echo a' } },
      { name: 'b', definition: { command: ['echo', 'b'] } },
    ])
  })

  test('is refused with the line and column of a field that does not exist, and the one that was meant', () => {
    expect(refused('name: a\nsteps:\n  - name: x\n    run: "true"\n    timout: 3s\n')).toEqual({
      lines: ['5:5: there is no field timout; did you mean timeout?'],
      exitCode: 2,
    })
  })

  test('is refused with the place of a variable that cannot be one', () => {
    const { lines } = refused('name: a\ncommand: x\nenv: { A-B: 1 }\n')
    expect(lines).toEqual(['3:8: A-B is no name of a variable: letters, digits and _, no digit first'])
  })

  test('is refused with the place of a value of the wrong type, and what the field is for', () => {
    const { lines } = refused('name: a\nsteps:\n  - name: x\n    run: 5\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^4:10: run must be string or array — What to run/)
  })

  test.each([
    ['needs: [b]', '5:13: no step is named b'],
    ['needs: [{ step: late }]', '5:13: late is in a later group'],
    ['needs: [a]', '3:3: steps wait for each other in a circle: a → a'],
    ['needs: [x]', '3:3: steps wait for each other in a circle: a → x → a'],
  ])('is refused with the place where a step has %s', (needs, line) => {
    const steps = `  - name: a\n    run: "true"\n    ${needs}\n  - name: x\n    run: "true"\n    needs: [a]\n`
    const late = '  - name: late\n    group: 1\n    run: "true"\n'
    expect(refused(`name: a\nsteps:\n${steps}${late}`)).toEqual({ lines: [line], exitCode: 2 })
  })

  test('names a step once', () => {
    expect(refused('name: a\nsteps:\n  - { name: x, run: a }\n  - { name: x, run: b }\n').lines).toEqual([
      '4:13: two steps are named x',
    ])
  })

  test('is refused with every problem at once', () => {
    const { lines } = refused('name: not a name\ncommand: echo\nmemory: lots\npriority: high\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['1:7:', '3:9:', '4:11:'])
  })

  test('without a name is refused', () => {
    expect(refused('command: echo\n').lines).toEqual(['1:1: name is missing'])
  })

  test('that is no YAML is refused where it stops being YAML', () => {
    expect(refused('name: a\nname: b\n').lines[0]).toMatch(/^2:1: .*unique/)
    expect(refused('name: "a\n').lines[0]).toMatch(/^2:1: .*quote/)
  })

  test('knows the place of a field that the server names', () => {
    const path = written(
      'name: a\nsteps:\n  - name: x\n    run: "true"\n    needs: [y]\n  - name: y\n    run: "true"\n',
    )
    const [task] = readTaskFile(path)
    expect(task!.locate('steps[0].needs[0]')).toBe(`${path}:5:13`)
    expect(task!.locate('steps[0].nowhere')).toBe(`${path}:3:5`)
  })
})
