/** Standard input and output to a host and port, for git's and ssh's own connections: `connect ALLOWED HOST PORT`. */
import { CheckedConnect } from '../checked-connect.ts'

const [, , allowed = '[]', host = '', port = ''] = process.argv

try {
  const socket = await new CheckedConnect(JSON.parse(allowed) as string[]).open(host, Number(port))
  process.stdin.pipe(socket).pipe(process.stdout)
  socket.on('close', () => process.exit(0))
  socket.on('error', (error) => end(error))
} catch (error) {
  end(error)
}

function end(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
