import { runCommand } from '@gitpod/sdk/lib/automation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OnaWorld, openOnaWorld, over } from '../support/ona-world.ts'

let world: OnaWorld
let environmentId: string
beforeAll(async () => {
  world = await openOnaWorld()
  environmentId = await world.environment()
})
afterAll(() => world.close())

test('runCommand of the unmodified SDK gives every line a command writes, run after run', async () => {
  const read = async (command: string): Promise<string[]> => {
    const lines: string[] = []
    for await (const line of await runCommand(world.client, environmentId, command)) lines.push(line)
    return lines
  }
  expect(await read('echo one; sleep 0.3; echo two > file; cat file; printf end')).toEqual(['one', 'two', 'end'])
  expect(await read('cat file; echo "$GITPOD_ENVIRONMENT_ID"')).toEqual(['two', environmentId])
})
