/** The error of a stop that waited too long for the disk. @param path of the data directory */
export function silentDisk(path: string): Error {
  return new Error(`the disk of the data directory ${path} does not answer; the stop does not wait for it`);
}
