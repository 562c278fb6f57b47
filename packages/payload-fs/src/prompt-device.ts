import { statfs } from "node:fs/promises";

/** What `statfs` calls file systems of the machine itself on Linux (linux/magic.h); others, such as NFS, FUSE or Lustre, are not named. */
const OF_THIS_MACHINE: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0x01021994, // tmpfs
  0x794c7630, // overlay, as in containers
]);

/**
 * Whether a directory answers at once: then small files are read without leaving the thread. A network's file system may keep its readers
 * waiting for as long as its server is away, and heartbeats must not wait with them; so what is not known counts as one.
 */
export async function answersAtOnce(directory: string): Promise<boolean> {
  try {
    return OF_THIS_MACHINE.has((await statfs(directory)).type);
  } catch {
    return false;
  }
}
