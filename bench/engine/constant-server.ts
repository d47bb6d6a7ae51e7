/** The same HTTP stack — the origin's server and Fastify — answering a constant of as many bytes as its argument says. Prints its address. */
import { openOrigin } from '../../src/faces/kit/origin.ts'

const constant = JSON.stringify({ x: 'x'.repeat(Math.max(0, Number(process.argv[2]) - 8)) })
const headers = { 'content-type': 'application/json; charset=utf-8' }
const origin = await openOrigin({
  faces: [
    {
      name: 'constant',
      claims: [{ prefix: '/taskport' }],
      mount(app) {
        app.get('/taskport/v1/executions/:id', (_request, reply) => reply.headers(headers).send(constant))
        app.post('/taskport/v1/executions', (_request, reply) => reply.headers(headers).send(constant))
      },
      environment: async () => ({}),
    },
  ],
  fallback: 'constant',
})
console.log(await origin.listen('127.0.0.1', 0))
