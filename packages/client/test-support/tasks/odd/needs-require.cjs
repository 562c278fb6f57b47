const { basename } = require("node:path");
const util = require("node:util");
exports.base = (path) => util.format("%s!", basename(path));
