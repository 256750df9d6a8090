BEGIN TRANSACTION;
CREATE TABLE package_files (
	package INTEGER NOT NULL, 
	format VARCHAR(32) NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (package, format), 
	FOREIGN KEY(package) REFERENCES packages (id) ON DELETE CASCADE
);
INSERT INTO "package_files" VALUES(1,'kubernetes',X'6B696E643A204A6F620A00FF');
INSERT INTO "package_files" VALUES(2,'kubernetes',X'6B696E643A204A6F620A00FF');
CREATE TABLE packages (
	id INTEGER NOT NULL, 
	name VARCHAR(63) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	digest VARCHAR(71) NOT NULL, 
	path TEXT NOT NULL, 
	notebook_digest VARCHAR(71) NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	summary TEXT NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name, version), 
	UNIQUE (name, digest)
);
INSERT INTO "packages" VALUES(1,'churn','1.0.0','sha256:4edec882ae3a99400929ef935b1a1d7ffe79de2cceafecadcd7f3729431b0747','/srv/churn.ipynb','','2026-11-17T11:00:00Z','{"name": "churn", "version": "1.0.0", "digest": "sha256:4edec882ae3a99400929ef935b1a1d7ffe79de2cceafecadcd7f3729431b0747", "created": "2026-11-17T11:00:00Z", "size": 1, "path": "/srv/churn.ipynb", "verified": {}, "metrics": {"auc": 0.9}, "why": "first"}','{"checks": [], "content": {"cells": [], "python": "3.11.7"}, "created": "2026-11-17T11:00:00Z", "digest": "sha256:4edec882ae3a99400929ef935b1a1d7ffe79de2cceafecadcd7f3729431b0747", "distributions": [], "findings": [], "metrics": {"auc": 0.9}, "name": "churn", "notebook_digest": "", "parameters": [], "path": "/srv/churn.ipynb", "size": 1, "verified": {}, "version": "1.0.0", "why": "first"}');
INSERT INTO "packages" VALUES(2,'churn','1.1.0','sha256:c4fccfc19d6ad4a42be39145da9bbbed27a6f25b11ddc8abb3c794a759d2b149','/srv/churn.ipynb','','2026-11-17T11:00:00Z','{"name": "churn", "version": "1.1.0", "digest": "sha256:c4fccfc19d6ad4a42be39145da9bbbed27a6f25b11ddc8abb3c794a759d2b149", "created": "2026-11-17T11:00:00Z", "size": 1, "path": "/srv/churn.ipynb", "verified": {}, "metrics": {"auc": 0.9}, "why": "first"}','{"checks": [], "content": {"cells": [], "python": "3.11.7"}, "created": "2026-11-17T11:00:00Z", "digest": "sha256:c4fccfc19d6ad4a42be39145da9bbbed27a6f25b11ddc8abb3c794a759d2b149", "distributions": [], "findings": [], "metrics": {"auc": 0.9}, "name": "churn", "notebook_digest": "", "parameters": [], "path": "/srv/churn.ipynb", "size": 1, "verified": {}, "version": "1.1.0", "why": "first"}');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE work (
	id VARCHAR(32) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	phase VARCHAR(16) NOT NULL, 
	path TEXT NOT NULL, 
	name VARCHAR(63) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	requested_by TEXT NOT NULL, 
	fingerprint VARCHAR(71), 
	unfinished VARCHAR(71), 
	request TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created FLOAT NOT NULL, 
	started FLOAT, 
	finished FLOAT, 
	attempts INTEGER NOT NULL, 
	owner VARCHAR(64), 
	lease_until FLOAT, 
	stop_asked BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (unfinished)
);
INSERT INTO "work" VALUES('00000000000000000000000000000001','build','Succeeded','/srv/churn.ipynb','','','','print-1',NULL,'{"path": "/srv/churn.ipynb"}','{"steps": [{"name": "read", "title": "Read the notebook", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "inspect", "title": "Look for problems", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "environment", "title": "Find what it uses", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "image", "title": "Make the image", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "verify", "title": "Run it, sealed", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "publish", "title": "Publish", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "job", "title": "Kubeflow pipeline", "phase": "Pending", "seconds": null, "detail": "", "progress": null}], "findings": [], "error": null, "package": null}',1001.0,1011.0,1020.0,1,NULL,NULL,0);
INSERT INTO "work" VALUES('00000000000000000000000000000002','build','Running','/srv/churn.ipynb','','','','print-2','print-2','{"path": "/srv/churn.ipynb"}','{"steps": [{"name": "read", "title": "Read the notebook", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "inspect", "title": "Look for problems", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "environment", "title": "Find what it uses", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "image", "title": "Make the image", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "verify", "title": "Run it, sealed", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "publish", "title": "Publish", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "job", "title": "Kubeflow pipeline", "phase": "Pending", "seconds": null, "detail": "", "progress": null}], "findings": [], "error": null, "package": null}',1002.0,1011.0,NULL,1,'old-server-1',1031.0,0);
INSERT INTO "work" VALUES('00000000000000000000000000000003','build','Pending','/srv/churn.ipynb','','','','print-3','print-3','{"path": "/srv/churn.ipynb"}','{"steps": [{"name": "read", "title": "Read the notebook", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "inspect", "title": "Look for problems", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "environment", "title": "Find what it uses", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "image", "title": "Make the image", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "verify", "title": "Run it, sealed", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "publish", "title": "Publish", "phase": "Pending", "seconds": null, "detail": "", "progress": null}, {"name": "job", "title": "Kubeflow pipeline", "phase": "Pending", "seconds": null, "detail": "", "progress": null}], "findings": [], "error": null, "package": null}',1003.0,NULL,NULL,0,NULL,NULL,0);
INSERT INTO "work" VALUES('ffffffffffffffffffffffffffffffff','run','Pending','','churn','1.0.0','',NULL,NULL,'{}','{"cell": null, "cells": null, "parameters": {"p": 1}, "metrics": {}, "outputs": [], "checks": [], "isolation": null, "error": null, "executed_notebook": null}',1010.0,NULL,NULL,0,NULL,NULL,0);
CREATE INDEX ix_packages_path ON packages (path);
CREATE INDEX ix_work_fingerprint ON work (fingerprint);
CREATE INDEX ix_work_kind_path ON work (kind, path);
CREATE INDEX ix_work_phase_created ON work (phase, created);
CREATE INDEX ix_work_kind_name ON work (kind, name, version);
COMMIT;
