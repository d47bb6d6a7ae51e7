import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Graph } from './graph.ts'
import { drawGraph } from './graph.ts'
import { dotOf, mermaidOf } from './graph-language.ts'

const plain = (_: string, text: string): string => text

const step = (name: string, needs: readonly (string | readonly [string, string])[] = [], group = 0) => ({
  name,
  group,
  needs: needs.map((need) =>
    typeof need === 'string' ? { step: need, until: 'succeeded' } : { step: need[0], until: need[1] },
  ),
})

const release: Graph = {
  steps: [
    step('announce', ['publish'], 1),
    step('test', ['build', ['db', 'healthy']]),
    step('build'),
    step('db'),
    step('publish', [], 1),
  ],
}

test('a picture shows steps in the order in which they may run, with a line to each that waits', () => {
  expect(drawGraph(release, plain)).toBe(
    [
      'group 0',
      '○ build ────╮',
      '○ db ───────│─╮',
      '○ test ─────┴─╯ when db is healthy',
      'group 1',
      '○ publish ──╮',
      '○ announce ─╯',
      '',
    ].join('\n'),
  )
})

test('an execution shows the state of each step', () => {
  const graph = {
    steps: [
      { ...step('a'), state: 'succeeded' },
      { ...step('b', ['a']), state: 'failed' },
    ],
  }
  expect(drawGraph(graph, plain)).toBe('✔ a ─╮\n✖ b ─╯\n')
})

test('the same graph in the languages of Graphviz and Mermaid', () => {
  expect(dotOf(release)).toContain('  "db" -> "test" [label="healthy"];\n')
  expect(dotOf(release)).toContain('subgraph cluster_1 {')
  expect(mermaidOf(release)).toContain('  s3 -->|healthy| s1\n')
  expect(mermaidOf(release)).toContain('  g0 ==> g1\n')
})

test('every plan without a circle is drawn with each step once, each below what it needs', () => {
  const plans = fc
    .integer({ min: 1, max: 30 })
    .chain((size) => fc.array(fc.array(fc.nat({ max: 40 }), { maxLength: 4 }), { minLength: size, maxLength: size }))
  fc.assert(
    fc.property(plans, (needs) => {
      const steps = needs.map((list, i) => step(`s${i}`, [...new Set(list.filter((n) => n < i).map((n) => `s${n}`))]))
      const lines = drawGraph({ steps: steps.reverse() }, plain).trimEnd().split('\n')
      const row = new Map(lines.map((line, i) => [/s\d+/.exec(line)![0], i]))
      expect(lines.length).toBe(steps.length)
      for (const { name, needs: list } of steps)
        for (const need of list) expect(row.get(need.step)!).toBeLessThan(row.get(name)!)
    }),
  )
})

test('steps that wait for each other in a circle are drawn all the same', () => {
  expect(drawGraph({ steps: [step('a', ['b']), step('b', ['a'])] }, plain).split('\n')).toHaveLength(3)
})
