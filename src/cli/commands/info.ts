import type { Command } from '../command.ts'

export const info: Command = {
  name: 'info',
  summary: 'what the server is, who you are there, what its executors enforce',
  async run(context) {
    const facts = await (await context.client()).call('getInfo', {})
    const { paint } = context.output
    context.output.show(facts, () =>
      [
        `Taskport ${facts.version}${facts.ephemeral ? ', ephemeral' : ''}, auth ${facts.auth}, faces ${facts.faces.join(', ')}`,
        `you are ${facts.principal} of tenant ${facts.tenant}${facts.operator ? ', an operator' : ''}`,
        ...facts.executors.flatMap((executor) => [
          `${paint('bold', executor.kind)} ${Object.entries(executor.enforcement)
            .map(([what, how]) => `${what} ${how}`)
            .join(', ')}`,
          ...executor.remarks.map((remark) => `  ${remark}`),
        ]),
        '',
      ].join('\n'),
    )
    return 0
  },
}
