import { askSecret } from '../ask-secret.ts'
import type { Command } from '../command.ts'
import { showEach } from '../show-each.ts'
import { table } from '../table.ts'

export const secretSet: Command = {
  name: 'secret set',
  summary: 'set a secret; its value comes from stdin, or is asked for on a terminal',
  arguments: [{ name: '<name>', description: 'by which steps use it: env: {TOKEN: {secret: NAME}}' }],
  examples: ['taskport secret set db-password < password.txt'],
  async run(context, args) {
    const name = args[0]!
    const value = await askSecret(`value of ${name}: `)
    await (await context.client()).call('putSecret', { path: { name }, body: { value } })
    showEach(context.output, [{ name }], () => `${name} is set`)
    return 0
  },
}

export const secretLs: Command = {
  name: 'secret ls',
  summary: 'list the names of secrets; values are never shown',
  async run(context) {
    const list = await (await context.client()).call('listSecrets', {})
    context.output.show(list, () =>
      list.items.length === 0
        ? 'no secrets (taskport secret set NAME makes one)\n'
        : table(list.items, [
            { heading: 'NAME', cell: (s) => s.name },
            { heading: 'SET', cell: (s) => s.updatedAt },
          ]),
    )
    return 0
  },
}

export const secretRm: Command = {
  name: 'secret rm',
  summary: 'remove secrets',
  arguments: [{ name: '<name...>', description: 'names, from secret ls' }],
  async run(context, args) {
    const client = await context.client()
    for (const name of args) await client.call('deleteSecret', { path: { name } })
    showEach(
      context.output,
      args.map((name) => ({ name })),
      ({ name }) => name,
    )
    return 0
  },
}
