import type { Graph, GraphStep } from './graph.ts'

/** Graphviz (https://graphviz.org/doc/info/lang.html). */
export function dotOf(graph: Graph): string {
  const groups = groupsOf(graph)
  const clusters = groups.map(([group, steps]) =>
    groups.length === 1
      ? steps.map(dotNode).join('')
      : `  subgraph cluster_${group} {\n  label="group ${group}";\n${steps.map(dotNode).join('')}  }\n`,
  )
  const edges = edgesOf(graph).map(
    ({ from, to, until }) =>
      `  ${quoted(from)} -> ${quoted(to)}${until === 'succeeded' ? '' : ` [label=${quoted(until)}]`};\n`,
  )
  return `digraph plan {\n  rankdir=LR;\n  node [shape=box];\n${clusters.join('')}${edges.join('')}}\n`
}

const dotNode = (step: GraphStep): string => `  ${quoted(step.name)};\n`
const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`

/** Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html). */
export function mermaidOf(graph: Graph): string {
  const groups = groupsOf(graph)
  const ids = new Map(graph.steps.map((step, i) => [step.name, `s${i}`]))
  const node = (step: GraphStep): string => `  ${ids.get(step.name)}["${step.name}"]\n`
  const parts = groups.map(([group, steps]) =>
    groups.length === 1
      ? steps.map(node).join('')
      : `  subgraph g${group} ["group ${group}"]\n${steps.map(node).join('')}  end\n`,
  )
  const sequence = groups.slice(1).map(([group], i) => `  g${groups[i]![0]} ==> g${group}\n`)
  const edges = edgesOf(graph).map(
    ({ from, to, until }) => `  ${ids.get(from)} -->${until === 'succeeded' ? '' : `|${until}|`} ${ids.get(to)}\n`,
  )
  return `flowchart LR\n${parts.join('')}${sequence.join('')}${edges.join('')}`
}

function groupsOf(graph: Graph): readonly (readonly [number, readonly GraphStep[]])[] {
  const groups = new Map<number, GraphStep[]>()
  for (const step of graph.steps) groups.set(step.group, [...(groups.get(step.group) ?? []), step])
  return [...groups].sort(([a], [b]) => a - b)
}

const edgesOf = (graph: Graph): readonly { readonly from: string; readonly to: string; readonly until: string }[] => {
  const known = new Set(graph.steps.map((s) => s.name))
  return graph.steps.flatMap((step) =>
    step.needs.filter((n) => known.has(n.step)).map((n) => ({ from: n.step, to: step.name, until: n.until })),
  )
}
