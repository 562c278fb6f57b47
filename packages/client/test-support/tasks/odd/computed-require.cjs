const name = process.argv[2];
exports.load = () => require(name);
