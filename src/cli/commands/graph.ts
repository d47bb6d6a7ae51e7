import { existsSync, readFileSync } from 'node:fs'
import { graphOfAutomations } from '../automations-graph.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { findExecution } from '../find-execution.ts'
import type { Graph } from '../graph.ts'
import { drawGraph } from '../graph.ts'
import { dotOf, mermaidOf } from '../graph-language.ts'
import { graphOfExecution, graphOfSteps } from '../graph-source.ts'
import { readTaskFile, stepsOfDefinition } from '../task-file.ts'

export const graph: Command = {
  name: 'graph',
  summary: 'draw the steps of a task file, an automations file or an execution, with groups and conditions',
  arguments: [
    { name: '<file|id>', description: 'a task or automations file, - for stdin (task files), or an execution' },
  ],
  formats: ['text', 'dot', 'mermaid', 'json'],
  async run(context, args) {
    const graphs = await graphsOf(context, args[0]!)
    const { output } = context
    if (output.format === 'json') output.document(graphs.length === 1 ? graphs[0] : graphs)
    else for (const one of graphs) output.text(drawn(one, context))
    return 0
  },
}

async function graphsOf(context: Context, text: string): Promise<readonly Graph[]> {
  const automations =
    text !== '-' && existsSync(text) ? graphOfAutomations(readFileSync(text, 'utf8'), text) : undefined
  if (automations) return [automations]
  if (text === '-' || existsSync(text))
    return readTaskFile(text).map(({ definition }) => graphOfSteps(stepsOfDefinition(definition)))
  return [graphOfExecution(await findExecution(await context.client(), text))]
}

function drawn(graph: Graph, { output }: Context): string {
  if (output.format === 'dot') return dotOf(graph)
  if (output.format === 'mermaid') return mermaidOf(graph)
  return drawGraph(graph, output.paint)
}
