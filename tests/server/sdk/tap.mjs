// Runs the checks of one scenario in order and reports each as a TAP line.

let count = 0;

/** Runs one check; a failure is reported and the scenario goes on. */
export async function check(name, body) {
  count += 1;
  try {
    await body();
    console.log(`ok ${count} - ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`not ok ${count} - ${name}`);
    for (const line of String(error.stack ?? error).split('\n')) console.log(`# ${line}`);
  }
}

process.on('exit', () => {
  console.log(`1..${count}`);
  if (count === 0) process.exitCode = 1;
});
