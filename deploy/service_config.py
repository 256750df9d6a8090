"""The release service's settings; names only, no secret is in here."""

c = get_config()  # noqa: F821

c.ReleaseService.ip = "0.0.0.0"
c.ReleaseService.port = 8190
c.ReleaseService.public_url = "https://modelpack.example.org/"
c.ReleaseService.data_dir = "/var/lib/modelpack"
c.ReleaseService.database_url = "postgresql+psycopg://modelpack@postgresql/modelpack"
c.ReleaseService.login = "jupyterhub"
c.ReleaseService.signing_key = "/etc/modelpack-key/key.pem"
c.ReleaseService.deployer = "kubernetes"
c.ReleaseService.deploy_folder = "/etc/modelpack"
