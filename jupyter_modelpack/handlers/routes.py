"""All routes, below ``/jupyter-modelpack/``."""

from __future__ import annotations

from jupyter_modelpack.handlers.audit import AuditHandler
from jupyter_modelpack.handlers.blobs import BlobHandler
from jupyter_modelpack.handlers.builds import BuildHandler, BuildLogHandler, BuildsHandler
from jupyter_modelpack.handlers.difference import DifferenceHandler
from jupyter_modelpack.handlers.environments import EnvironmentsHandler
from jupyter_modelpack.handlers.handler import Handler
from jupyter_modelpack.handlers.history import HistoryHandler
from jupyter_modelpack.handlers.info import InfoHandler
from jupyter_modelpack.handlers.inspection import InspectionHandler
from jupyter_modelpack.handlers.packages import (
    PackageExportHandler,
    PackageHandler,
    PackagePipelineHandler,
    PackagesHandler,
    PackageVersionsHandler,
)
from jupyter_modelpack.handlers.policy import (
    PolicyChangesHandler,
    PolicyDecisionHandler,
    PolicyHandler,
)
from jupyter_modelpack.handlers.promotions import (
    DecisionHandler,
    PromotionHandler,
    PromotionsHandler,
    RollbacksHandler,
)
from jupyter_modelpack.handlers.runs import (
    RunHandler,
    RunLogHandler,
    RunNotebookHandler,
    RunsHandler,
)
from jupyter_modelpack.handlers.submissions import SubmissionHandler, SubmissionsHandler

_ONE = "([^/]+)"

Routes = tuple[tuple[str, type[Handler]], ...]

# What a server has that makes packages itself.
LOCAL_ROUTES: Routes = (
    ("inspection", InspectionHandler),
    ("builds", BuildsHandler),
    (f"builds/{_ONE}", BuildHandler),
    (f"builds/{_ONE}/log", BuildLogHandler),
    (f"packages/{_ONE}/{_ONE}/export", PackageExportHandler),
    ("runs", RunsHandler),
    (f"runs/{_ONE}", RunHandler),
    (f"runs/{_ONE}/log", RunLogHandler),
    (f"runs/{_ONE}/notebook", RunNotebookHandler),
)
# What the release service has too.
RELEASE_ROUTES: Routes = (
    ("info", InfoHandler),
    ("packages", PackagesHandler),
    (f"packages/{_ONE}", PackageVersionsHandler),
    (f"packages/{_ONE}/{_ONE}", PackageHandler),
    (f"packages/{_ONE}/{_ONE}/pipeline", PackagePipelineHandler),
    ("environments", EnvironmentsHandler),
    ("promotions", PromotionsHandler),
    (f"promotions/{_ONE}", PromotionHandler),
    (f"promotions/{_ONE}/decision", DecisionHandler),
    ("rollbacks", RollbacksHandler),
    ("history", HistoryHandler),
    ("difference", DifferenceHandler),
    ("policy", PolicyHandler),
    ("policy/changes", PolicyChangesHandler),
    (f"policy/changes/{_ONE}/decision", PolicyDecisionHandler),
    ("audit", AuditHandler),
)
# What only the release service has: others send it what they have packaged.
INTAKE_ROUTES: Routes = (
    (f"blobs/{_ONE}", BlobHandler),
    ("submissions", SubmissionsHandler),
    (f"submissions/{_ONE}", SubmissionHandler),
)
ROUTES: Routes = (*LOCAL_ROUTES, *RELEASE_ROUTES)
