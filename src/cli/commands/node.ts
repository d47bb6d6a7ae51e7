import { paintState } from '../colour.ts'
import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'
import type { Node } from '../native-api.gen.ts'
import type { NativeClient } from '../native-client.ts'
import { showEach } from '../show-each.ts'
import { table } from '../table.ts'

export const nodeLs: Command = {
  name: 'node ls',
  summary: 'list nodes with their capacity and use',
  async run(context) {
    const list = await (await context.client()).call('listNodes', {})
    const { output } = context
    output.show(list, () =>
      table(list.items, [
        { heading: 'ID', cell: (n) => n.id },
        { heading: 'NAME', cell: (n) => n.name },
        { heading: 'STATE', cell: (n) => paintState(output.paint, n.state) },
        { heading: 'CPU', cell: (n) => `${n.used.cpu}/${n.capacity.cpu}`, align: 'right' },
        {
          heading: 'MEMORY',
          cell: (n) => `${gibi(n.used.memoryBytes)}/${gibi(n.capacity.memoryBytes)}`,
          align: 'right',
        },
        { heading: 'RUNNING', cell: (n) => `${n.used.allocations}/${n.capacity.slots}`, align: 'right' },
        { heading: 'EXECUTORS', cell: (n) => n.executors.join(', ') },
      ]),
    )
    return 0
  },
}

const gibi = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)}G`

const change = (operation: 'drainNode' | 'activateNode', summary: string, name: string): Command => ({
  name,
  summary,
  arguments: [{ name: '<node>', description: 'id or name' }],
  async run(context, args) {
    const client = await context.client()
    const { id } = await findNode(client, args[0]!)
    const node = await client.call(operation, { path: { id } })
    showEach(context.output, [node], (n) => `${n.name} ${paintState(context.output.paint, n.state)}`)
    return 0
  },
})

export const nodeDrain = change('drainNode', 'place nothing new on a node; what runs is left alone', 'node drain')
export const nodeActivate = change('activateNode', 'place on a node again', 'node activate')

async function findNode(client: NativeClient, text: string): Promise<Node> {
  const { items } = await client.call('listNodes', {})
  const node = items.find((n) => n.id === text) ?? items.find((n) => n.name === text)
  if (node) return node
  throw new Failure(`there is no node ${text}`, '`taskport node ls` lists them')
}
