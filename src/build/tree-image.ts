import { type Dependencies, installationsOf, installing, missingManager } from './tree-dependencies.ts'
import { withEnvironment } from './tree-process.ts'

export interface ImageBuild {
  readonly dependencies: Dependencies
  readonly hook: string | null
  /** Where the tree is, and what `tree-build.ts` looks for to know that it is whole. */
  readonly directory: string
  readonly mark: string
  readonly cache: string
  /** Paths below the tree that must exist, to be mounted on. */
  readonly mountPoints: readonly string[]
}

/**
 * The part of a build that needs the type's own programs, as a shell script for its image: a shell and mkdir must be
 * there. `tree-build.ts` has unpacked the tree before (`isForImage`), and B1 and B2 are the same.
 */
export function imageBuildScript({ dependencies, hook, directory, mark, cache, mountPoints }: ImageBuild): string {
  const hasHook = hook !== null && hook.trim() !== ''
  return [
    `if [ -e ${mark} ]; then exit 0; fi`,
    `cd ${directory} || exit 1`,
    ...installationsOf(dependencies, directory, cache).flatMap((installation) => {
      const { program, args, variables } = installation
      return [
        `command -v ${program} > /dev/null || { echo ${quoted(missingManager(installation))} >&2; exit 1; }`,
        ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
        `echo ${quoted(installing(installation))}`,
        `${[program, ...args].map(quoted).join(' ')} < /dev/null`,
        `code=$?; [ $code -eq 0 ] || { echo "${program} failed with exit code $code" >&2; exit $code; }`,
      ]
    }),
    ...(hasHook ? hookLines(hook) : []),
    ...mountPoints.map((path) => `mkdir -p ${quoted(`${directory}/${path}`)} || exit 1`),
    `: > ${mark} && echo 'Build succeeded'`,
  ].join('\n')
}

const hookLines = (hook: string): readonly string[] => [
  `echo 'Executing build hook...'`,
  `/bin/sh -c ${quoted(withEnvironment(hook))} < /dev/null`,
  'code=$?; [ $code -eq 0 ] || { echo "The build hook failed with exit code $code" >&2; exit $code; }',
]

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
