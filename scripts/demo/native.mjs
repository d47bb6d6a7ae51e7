/** Taskport's own commands: a task graph, one command, a failure with its reason, a retry, a stop. */
export async function native({ heading, show, capture }) {
  heading('A task graph from a file: groups, conditions, an output handed on')
  await show(['graph', 'examples/release.yaml'])
  await show(['task', 'apply', '-f', 'examples/release.yaml'])
  await show(['task', 'run', 'release'])
  await show(['show'])

  heading('One command: wait, stream, exit with its exit code')
  await show(['run', '--name', 'hello', '--', 'sh', '-c', 'echo hi; sleep 1; echo done'])

  heading('A failure says why, and its exit code comes through')
  await show(['run', '--name', 'broken', '--', 'sh', '-c', 'echo "no such table" >&2; exit 3'], 3)
  await show(['retry', 'broken', '--follow'], 3)

  heading('Trying again until it works')
  await show(['task', 'apply', '-f', 'examples/flaky.yaml'])
  await show(['task', 'run', 'flaky'])

  heading('A long one is stopped')
  const id = await capture(['run', '--detach', '--name', 'long', '--', 'sleep', '600'])
  await show(['ps'])
  await show(['stop', id])
  await show(['logs', '--follow', id])
  await show(['ps', '--all'])
}
