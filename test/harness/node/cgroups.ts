import { access, mkdir, readdir, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { processStart } from '#test/harness/pid-lock.ts'
import { eventually } from '#test/harness/wait.ts'

const ROOT = '/sys/fs/cgroup'
const LABEL = 'tallyman-node-'

/** What state directories and control groups of the nodes of this process are called: the pid stands in the name. */
export const NODE_LABEL = `node-${process.pid}`

/** Makes the control group `name` in every hierarchy: the kubelet does so below it only. */
export async function createCgroups(name: string): Promise<void> {
  for (const parent of await hierarchies()) await mkdir(path.join(parent, name), { recursive: true })
}

/** Removes the control group `name` with those below it, in every hierarchy; its processes are ended or just ending. */
export async function removeCgroups(name: string): Promise<void> {
  await eventually(
    async () => {
      for (const group of await groupsCalled((called) => called === name)) await removeTree(group)
      return true
    },
    { message: `the control groups ${name} to be empty` },
  )
}

/** Removes what nodes left behind whose process was killed: nobody else could. */
export async function removeLeftoverCgroups(): Promise<void> {
  const groups = await groupsCalled((called) => called.startsWith(LABEL))
  for (const name of new Set(groups.map((group) => path.basename(group)))) {
    if ((await processStart(Number(/^tallyman-node-(\d+)-/.exec(name)?.[1]))) === undefined)
      await removeCgroups(name)
  }
}

/** The one of version 2, or of version 1 one a controller. */
async function hierarchies(): Promise<string[]> {
  const isGroup = (folder: string) =>
    access(path.join(folder, 'cgroup.procs')).then(
      () => true,
      () => false,
    )
  if (await isGroup(ROOT)) return [ROOT]
  return foldersIn(ROOT)
}

/** The groups whose name pleases `wanted`, in all hierarchies. */
async function groupsCalled(wanted: (name: string) => boolean): Promise<string[]> {
  const groups = await Promise.all((await hierarchies()).map(foldersIn))
  return groups.flat().filter((group) => wanted(path.basename(group)))
}

/** The files in a group are the kernel's: only folders can be removed, the deepest first. */
async function removeTree(group: string): Promise<void> {
  for (const child of await foldersIn(group)) await removeTree(child)
  await rmdir(group)
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name))
}
