import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaceWorld } from '../../../test/support/face-world.ts'
import { openFaceWorld } from '../../../test/support/face-world.ts'

let world: FaceWorld
beforeAll(async () => {
  world = await openFaceWorld()
})
afterAll(() => world.close())

describe('x', () => {
  test('y', async () => {
    const r = await fetch(`${world.url}/taskport/v1/executions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.operator}`, 'content-type': 'application/json' },
      body: JSON.stringify({ command: ['x', 'print:hello', 'exit:3'] }),
    })
    console.log(r.status, await r.json())
  })
})
